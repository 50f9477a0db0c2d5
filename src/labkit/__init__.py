"""The small package under the course: the lab, waiting, proving."""

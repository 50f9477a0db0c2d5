"""What checks ask of containers and of the cluster, by behaviour."""

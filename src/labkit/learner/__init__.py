"""What an exercise's and a chapter's notebook calls."""

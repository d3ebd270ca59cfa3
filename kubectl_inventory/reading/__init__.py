"""What is asked of a cluster, in which way and by how many at once, and what came of it."""

"""What is in a Kubernetes cluster, whole: read-only, bounded, fast."""

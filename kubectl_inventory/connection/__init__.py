"""From a kubeconfig to one connection, and the one door that sends: bounded GETs, and nothing else."""

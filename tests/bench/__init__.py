"""`make bench`: the program beside kubectl at one cluster, the answers compared before the times."""

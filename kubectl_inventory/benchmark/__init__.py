"""The same lists by each strategy, side by side: what they take, and what follows for the policy."""

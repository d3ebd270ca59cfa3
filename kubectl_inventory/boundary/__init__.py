"""The boundary policy: YAML to a frozen `Policy` that says yes, or no with the rule's name."""

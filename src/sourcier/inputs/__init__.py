"""What people write, read into the domain: rule sets and networks (YAML), orders and stock (CSV, JSON lines).

Every reader finds all faults of a file in one pass and says where each one is; nothing half-read gets out.
"""

"""The demonstration: an invented French retailer on the map of France, with its data and its orders."""

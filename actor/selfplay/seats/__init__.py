"""Who holds which seats, and what a step did to them."""

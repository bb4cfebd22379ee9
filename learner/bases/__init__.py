"""What algorithms are built from: bounds, targets, gradients, and what a learner is."""

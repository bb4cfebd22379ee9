"""Search for hyperparameters: the space, what is measured, and trials one after the other."""

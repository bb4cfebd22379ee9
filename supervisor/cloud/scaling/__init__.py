"""How many machines there should be: policies that are pure, and the function that stops idle ones."""

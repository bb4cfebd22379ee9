"""How many machines there should be: pure policies, and the function that stops idle ones."""

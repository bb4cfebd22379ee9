"""How good a policy is: matches played on a Game service, duels and success on held-out mazes."""

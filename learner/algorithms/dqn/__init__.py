"""Double dueling deep Q-learning."""

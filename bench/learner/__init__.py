"""`python -m bench learner...`."""

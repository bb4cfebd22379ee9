"""A day's load played through the policies of supervisor/cloud/scaling."""

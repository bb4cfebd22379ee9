"""What `mazemesh doctor` looks at: this machine, the installation, the settings."""

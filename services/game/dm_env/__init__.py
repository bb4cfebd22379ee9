"""dm_env_rpc: worlds for clients of dm_env."""

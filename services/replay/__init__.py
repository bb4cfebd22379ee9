"""The Replay service: tables of experience, sampled at a rate that a limiter allows."""

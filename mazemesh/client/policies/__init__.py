"""What Model does beside handing versions out: promotion, rules, experiments, inference."""

output "host" {
  value       = local.alb ? var.domain.name : aws_lb.this.dns_name
  description = "Where outsiders reach the services."
}

output "ports" {
  value       = { for role in var.roles : role => local.alb ? 443 : var.network.ports[role] }
  description = "At which port each of them."
}

output "target_groups" {
  value       = { for role, group in aws_lb_target_group.this : role => group.arn }
  description = "ARNs of the target groups by role."
  # A group of machines joins a target group that a listener already uses.
  depends_on = [aws_lb_listener.tcp, aws_lb_listener_rule.service]
}

output "suffix" {
  value       = aws_lb.this.arn_suffix
  description = "Of its CloudWatch metrics."
}

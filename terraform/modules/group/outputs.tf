output "name" {
  value       = aws_autoscaling_group.this.name
  description = "Name of the group of machines."
}

output "arn" {
  value       = aws_autoscaling_group.this.arn
  description = "Its ARN."
}

output "address" {
  value       = var.address ? aws_eip.this[0].public_ip : null
  description = "Its fixed public address."
}

output "role" {
  value       = aws_iam_role.this.name
  description = "Name of the machines' role."
}

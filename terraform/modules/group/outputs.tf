output "name" {
  value       = one(aws_autoscaling_group.this[*].name)
  description = "Name of the group of machines; null where there is the template alone."
}

output "arn" {
  value       = one(aws_autoscaling_group.this[*].arn)
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

output "role_arn" {
  value       = aws_iam_role.this.arn
  description = "Its ARN."
}

output "template" {
  value       = aws_launch_template.this.name
  description = "Name of the launch template."
}

output "profile_arn" {
  value       = aws_iam_instance_profile.this.arn
  description = "ARN of their instance profile."
}

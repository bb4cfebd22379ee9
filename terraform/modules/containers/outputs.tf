output "cluster" {
  value       = aws_ecs_cluster.this.name
  description = "Name of the cluster."
}

output "roles" {
  value       = { for role, one in aws_iam_role.task : role => one.name }
  description = "Names of the tasks' roles."
}

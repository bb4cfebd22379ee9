output "cluster" {
  value       = aws_ecs_cluster.this.name
  description = "Name of the cluster."
}

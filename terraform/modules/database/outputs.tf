output "host" {
  value       = local.aurora ? aws_rds_cluster.this[0].endpoint : aws_db_instance.this[0].address
  description = "Where the writer listens, at port 5432."
}

output "database" {
  value       = local.database
  description = "Name of the database."
}

output "secret_arn" {
  value       = local.aurora ? aws_rds_cluster.this[0].master_user_secret[0].secret_arn : aws_db_instance.this[0].master_user_secret[0].secret_arn
  description = "Secret with username and password, which RDS made and renews."
}

output "dimension" {
  value       = local.aurora ? { DBClusterIdentifier = var.name } : { DBInstanceIdentifier = var.name }
  description = "Of its CloudWatch metrics."
}

output "arns" {
  value = merge(
    { for key, secret in aws_secretsmanager_secret.key : "${key}-key" => secret.arn },
    { for key, secret in aws_secretsmanager_secret.certificate : key => secret.arn },
    { for secret in aws_secretsmanager_secret.cookie : "cookie" => secret.arn },
  )
  description = "Secrets by name: admin-key, worker-key, trainer-key, viewer-key, service-key, tls, authority, cookie."
}

output "names" {
  value = merge(
    { for key, secret in aws_secretsmanager_secret.key : "${key}-key" => secret.name },
    { for key, secret in aws_secretsmanager_secret.certificate : key => secret.name },
  )
  description = "Their names, as `aws secretsmanager get-secret-value --secret-id` takes them."
}

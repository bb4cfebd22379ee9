output "host" {
  value       = module.mesh.address
  description = "Where the services are, at ports 50051 to 50055; the gateway at 50060."
}

output "addresses" {
  value       = { for role, port in module.network.ports : role => "${module.mesh.address}:${port}" if role != "gateway" }
  description = "Of each service."
}

output "console_url" {
  value       = module.observability.dashboard_url
  description = "The dashboard in the AWS console."
}

output "admin_key_secret" {
  value       = module.secrets.names["admin-key"]
  description = "Secret with the first administrator's key."
}

output "tls_secrets" {
  value       = { tls = module.secrets.names["tls"], authority = module.secrets.names["authority"] }
  description = "Secrets that `mazemesh cloud up` puts certificates into."
}

output "connect" {
  value       = "mazemesh cloud connect --profile hobby"
  description = "Prints the variables that point `mazemesh` at these services."
}

output "groups" {
  value       = { mesh = module.mesh.name }
  description = "Groups of machines."
}

output "shutdown_function" {
  value       = module.shutdown.function
  description = "The function that stops and starts them."
}

output "region" {
  value       = var.region
  description = "AWS region."
}

output "gateway_url" {
  value       = "https://${module.mesh.address}:${module.network.ports["gateway"]}"
  description = "The gateway: console, REST and WebSockets."
}

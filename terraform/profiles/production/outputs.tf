output "host" {
  value       = module.edge.host
  description = "Where the services are."
}

output "addresses" {
  value       = { for role, port in module.edge.ports : role => "${module.edge.host}:${port}" if role != "gateway" }
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
  value       = "mazemesh cloud connect --profile production"
  description = "Prints the variables that point `mazemesh` at these services."
}

output "groups" {
  value       = merge({ for role, service in module.service : role => service.name }, { actors = module.actors.name, learner = module.learner.name })
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
  value       = "https://${module.edge.host}:${module.edge.ports["gateway"]}"
  description = "The gateway: console, REST and WebSockets."
}

output "name" {
  value       = module.group.name
  description = "Name of the group of machines."
}

output "address" {
  value       = module.group.address
  description = "Its fixed public address; null where it has none."
}

output "names" {
  value       = { for role, service in aws_service_discovery_service.this : role => "${service.name}.${var.mesh.namespace.name}" }
  description = "Names of the services in the private zone."
}

output "role" {
  value       = module.group.role
  description = "Name of the machines' role."
}

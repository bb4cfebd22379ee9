output "vpc_id" {
  value       = aws_vpc.this.id
  description = "The VPC."
}

output "public_subnets" {
  value       = [for index, _ in local.zones : aws_subnet.this["public-${index}"].id]
  description = "Public tier, one subnet a zone."
}

output "private_subnets" {
  value       = [for index, _ in local.zones : aws_subnet.this["services-${index}"].id]
  description = "Private tier A, whatever nat is: stores stand here."
}

output "services_subnets" {
  value       = [for index, _ in local.zones : aws_subnet.this[var.nat == "none" ? "public-${index}" : "services-${index}"].id]
  description = "Where Model, Elo and Replay stand: private tier A, the public one where there is no NAT."
  # A machine that starts before its way out exists waits for its packages in vain.
  depends_on = [aws_route.internet, aws_route.nat_gateway, aws_route.nat_instance]
}

output "training_subnets" {
  value       = [for index, _ in local.zones : aws_subnet.this[var.nat == "none" ? "public-${index}" : "training-${index}"].id]
  description = "Where learners and actors stand: private tier B, the public one where there is no NAT."
  depends_on  = [aws_route.internet, aws_route.nat_gateway, aws_route.nat_instance]
}

output "private" {
  value       = var.nat != "none"
  description = "Whether the tiers of services and training have no public addresses."
}

output "zones" {
  value       = local.zones
  description = "The two availability zones."
}

output "group_ids" {
  value       = { for key, group in aws_security_group.this : key => group.id }
  description = "Security groups by name."
}

output "namespace" {
  value = var.discovery ? {
    id   = aws_service_discovery_private_dns_namespace.this[0].id
    name = aws_service_discovery_private_dns_namespace.this[0].name
    zone = aws_service_discovery_private_dns_namespace.this[0].hosted_zone
  } : null
  description = "Private zone that services register in."
}

output "ports" {
  value       = local.ports
  description = "Port of each service."
}

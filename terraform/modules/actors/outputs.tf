output "name" {
  value       = module.group.name
  description = "Name of the group of machines."
}

output "template" {
  value       = module.template.template
  description = "Name of the launch template."
}

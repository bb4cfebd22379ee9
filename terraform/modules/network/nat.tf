# One for both zones: a second doubles the price, and what goes out (packages at the start of a machine, calls of the AWS
# API) can wait for a zone to come back. Blobs go by the S3 endpoint.

resource "aws_eip" "nat" {
  count = var.nat == "gateway" ? 1 : 0

  domain = "vpc"
  tags   = { Name = "${var.name}-nat" }
}

resource "aws_nat_gateway" "this" {
  count = var.nat == "gateway" ? 1 : 0

  allocation_id = aws_eip.nat[0].id
  subnet_id     = aws_subnet.this["public-0"].id
  tags          = { Name = var.name }
  depends_on    = [aws_internet_gateway.this]
}

resource "aws_route" "nat_gateway" {
  count = var.nat == "gateway" ? 1 : 0

  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[0].id
}

resource "aws_security_group" "nat" {
  count = var.nat == "instance" ? 1 : 0

  name        = "${var.name}-nat"
  description = "What the private tiers send to the internet"
  vpc_id      = aws_vpc.this.id

  ingress {
    description = "HTTPS and HTTP of the private tiers"
    from_port   = 80
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = [for key, subnet in local.subnets : subnet.cidr if subnet.tier != "public"]
  }
  egress {
    description = "Packages and the AWS API"
    from_port   = 80
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  tags = { Name = "${var.name}-nat" }
}

resource "aws_instance" "nat" {
  count = var.nat == "instance" ? 1 : 0

  ami                         = data.aws_ssm_parameter.nat_image[0].insecure_value
  instance_type               = "t4g.nano"
  subnet_id                   = aws_subnet.this["public-0"].id
  vpc_security_group_ids      = [aws_security_group.nat[0].id]
  associate_public_ip_address = true
  source_dest_check           = false
  ebs_optimized               = true

  user_data = <<-SCRIPT
    #!/bin/bash
    set -euo pipefail
    echo net.ipv4.ip_forward=1 >/etc/sysctl.d/90-nat.conf
    sysctl --system
    dnf install -y nftables
    cat >/etc/nftables/nat.nft <<RULES
    table ip nat {
      chain postrouting {
        type nat hook postrouting priority srcnat;
        ip saddr ${var.cidr} ip daddr != ${var.cidr} masquerade
      }
    }
    RULES
    echo 'include "/etc/nftables/nat.nft"' >/etc/sysconfig/nftables.conf
    systemctl enable --now nftables
  SCRIPT

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }
  root_block_device {
    encrypted   = true
    volume_size = 8
    volume_type = "gp3"
  }
  tags = { Name = "${var.name}-nat" }

  lifecycle {
    ignore_changes = [ami] # a newer image should not cut off the private tiers in the middle of a run
  }
}

data "aws_ssm_parameter" "nat_image" {
  count = var.nat == "instance" ? 1 : 0

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

resource "aws_route" "nat_instance" {
  count = var.nat == "instance" ? 1 : 0

  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  network_interface_id   = aws_instance.nat[0].primary_network_interface_id
}

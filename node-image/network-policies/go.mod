module kind.local/network-policies

go 1.24

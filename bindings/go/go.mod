module sslcuda

go 1.18

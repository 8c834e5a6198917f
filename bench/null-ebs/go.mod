module ecluse/bench/null-ebs

go 1.21

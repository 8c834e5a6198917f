module ecluse/bench/null-store

go 1.21

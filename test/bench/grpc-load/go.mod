// The load of `npm run bench:grpc`, pinned.
module org.example/ml-api/test/bench/grpc-load

go 1.26.0

require google.golang.org/grpc v1.84.0

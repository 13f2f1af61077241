#!/bin/bash
# Process 1 of the node: makes its private mounts, then waits and reaps. When it ends, every process of the node ends,
# and the mounts go with it. Called with the state folder, which stays at its path.
set -e
state=$1

# What the components and their containers write to these stays inside: the machine's own are covered.
mount -t tmpfs -o mode=755 tmpfs /run
root=$state/root
mkdir -p "$root/var/log" "$root/var/tmp" "$root$state"
ln -s /run "$root/var/run"
mount --bind "$state" "$root$state"
mount --rbind "$root/var" /var

mount --make-rshared / # volumes that the kubelet mounts must show in running containers
touch "$state/node-ready"
while :; do
  sleep 3600 &
  wait $!
done

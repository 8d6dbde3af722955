#!/bin/sh
# Builds the flat guest images from their sources; needs binutils for each architecture. `vectors1` of aarch64 is an address that the harness knows.
set -e
cd "$(dirname "$0")"
build() { # name, prefix of the tools, assembler flags, address, linker flags
  "$2as" $3 -o "$1.o" "$1.S"
  "$2ld" $5 -Ttext="$4" -nostdlib --no-warn-rwx-segments -o "$1.elf" "$1.o"
  "$2objcopy" -O binary -j .text "$1.elf" "$1.bin"
  "$2nm" "$1.elf" | grep -i ' t vectors1' || true
  gzip -9nf "$1.bin"
  rm -f "$1.o" "$1.elf"
}
build aarch64 aarch64-linux-gnu- -march=armv8.2-a 0x40100000
build riscv64 riscv64-linux-gnu- -march=rv64imac_zicsr_zifencei 0x80000000
build x86 "" --64 0x100000
build x86bios "" --32 0xffff0000 -melf_i386
build armv7 arm-linux-gnueabihf- -march=armv7ve 0x40100000

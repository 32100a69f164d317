// Two questions about an ELF file's dynamic symbols, for calls that go through the procedure linkage table. Each is a
// scan of the tables (some 10 us); callers keep the answers. No state.
#pragma once

#include <cstdint>
#include <string>

struct Elf;

namespace tasks::inspect {

/// The name of the symbol whose address the loader stores in that slot; "" not known.
std::string slot_symbol(Elf* elf, std::uint64_t slot_address);

/// Whether the file exports that name at that address.
bool exports(Elf* elf, const std::string& name, std::uint64_t address);

} // namespace tasks::inspect

// Where functions start, as the entries of .eh_frame tell it: for files without .eh_frame_hdr, which ld does not make
// in fully static programs. Reads the section's bytes alone (format: LSB Core, "Exception Frames"); what cannot be read
// ends the list. Keeps nothing.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

struct Elf;

namespace tasks::inspect {

/// In the section's order; at most `most`.
std::vector<std::uint64_t> frame_starts(std::string_view eh_frame, std::uint64_t address, std::size_t most);

/// Of a file; empty where it has no such section.
std::vector<std::uint64_t> frame_starts(Elf* elf, std::size_t most);

} // namespace tasks::inspect

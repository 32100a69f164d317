// The modules of this process for a profile: written into its head, and kept so that a program counter can be told as
// module+offset, where the offset is the address in the module's file, as addr2line takes it, with the exported name.
// Allocates nothing; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "exported_names.hpp"
#include "profile_output.hpp"
#include "workspace.hpp"

namespace tasks::agent {

class ProfileModules {
public:
    /// Of the executable mappings of a large program there are some hundred.
    static constexpr std::size_t most_kept = 8192;

    struct Kept {
        std::uint64_t start;
        std::uint64_t end;
        std::uint64_t bias;  ///< pc - bias is the address in the file
        std::uint64_t image; ///< where its first page is mapped; 0: not known
        std::array<char, 40> name;
    };
    static constexpr std::size_t memory_bytes = most_kept * sizeof(Kept);

    /// Both zeros; `names`: ExportedNames::memory_bytes.
    ProfileModules(std::span<char> memory, std::span<char> names) noexcept
        : kept_(static_cast<Kept*>(static_cast<void*>(memory.data()))), names_(names) {}

    /// Writes a line for each module. False: the mappings cannot be read, or not to the end.
    bool write(ProfileOutput& output, Workspace& workspace, std::uint32_t tid) noexcept;

    /// "libc.so.6+0xf82ec  read", or the address alone where it lies in no module.
    void tell(std::uint64_t pc, ProfileOutput& output) noexcept;

private:
    void keep(const protocol::Module& module, std::uint64_t image) noexcept;

    Kept* kept_;
    ExportedNames names_;
    std::size_t count_ = 0;
};

} // namespace tasks::agent

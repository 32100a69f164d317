// The mappings of this process, read line by line from /proc/.../maps, and the modules among them: pieces of files
// that are executable, with their build-ids. Build-ids come from the process's own memory through process_vm_readv,
// so that a mapping that goes away or a truncated file is an error, not a crash. No allocation, no
// dl_iterate_phdr (its lock is the host's). On the agent's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <tasks/protocol/messages.hpp>

#include "proc_file.hpp"

namespace tasks::agent {

/// A line of proc_pid_maps(5). `path` is as the kernel writes it, " (deleted)" included; empty: anonymous.
struct Mapping {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    bool executable = false;
    std::uint64_t file_offset = 0;
    std::string_view device;
    std::uint64_t inode = 0;
    std::string_view path;
};

/// The mapping of that line; false where it is not one.
bool parse_mapping(std::string_view line, Mapping& mapping) noexcept;

/// Opens the maps of the thread `tid` below /proc/self/task: right also after the main thread has ended.
OwnedFd open_maps(int task_directory, std::uint32_t tid) noexcept;

inline constexpr std::size_t max_build_id_bytes = 64;

/// The build-id of the ELF image whose first page lies at `address`; its length in `into`, 0 where there is none.
std::size_t build_id_at(std::uint64_t address, std::span<char, max_build_id_bytes> into) noexcept;

/// Copies `into.size()` bytes of the process's own memory; returns how many could be read before the first page
/// that cannot, 0 for none.
std::size_t read_memory(std::uint64_t address, std::span<char> into) noexcept;

/// Walks the modules in the order of their addresses.
class Modules {
public:
    Modules(OwnedFd maps, std::span<char> buffer) noexcept : lines_(std::move(maps), buffer) {}

    /// The next module that starts at `from` or above; its texts are valid until the next call.
    bool next(std::uint64_t from, protocol::Module& module) noexcept;

    /// Where the first page of the latest module's file is mapped; 0: nowhere that is known.
    std::uint64_t image() const noexcept { return latest_image_; }

private:
    bool is_of_image(const Mapping& mapping) const noexcept;

    Lines lines_;
    std::uint64_t image_ = 0; ///< where the latest file's offset 0 is mapped; 0: nowhere
    std::uint64_t latest_image_ = 0;
    std::uint64_t image_inode_ = 0;
    std::array<char, 16> image_device_{};
    std::size_t image_device_bytes_ = 0;
    std::array<char, max_build_id_bytes> build_id_{};
};

} // namespace tasks::agent

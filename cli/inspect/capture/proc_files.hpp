// The files of /proc, or of a test's directory that looks like it. Every read is capped; a failure is an errno.
// Owns nothing; any thread. Does not interpret what it reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tasks/protocol/result.hpp>

#include "capture/file_descriptor.hpp"

namespace tasks::inspect {

inline constexpr std::size_t small_file_bytes =
    64 * 1024; ///< stat is below 4 KiB; status holds every group of the user

/// Up to `cap` bytes of a file; what is beyond is left. The error is an errno.
Result<std::string, int> read_file(const std::string& path, std::size_t cap);
/// Reads up to into.size() bytes of an open file from where it stands, again after EINTR; -errno on failure.
std::int64_t read_some(int fd, char* into, std::size_t bytes);

/// The number in what a namespace link says, `net:[4026531840]`; 0: there is none.
std::uint64_t namespace_number(std::string_view link);

class ProcFiles {
public:
    explicit ProcFiles(std::string root) : root_(std::move(root)) {}

    /// `name` is relative: "12/stat".
    std::string path(std::string_view name) const;
    std::string path(std::uint32_t pid, std::string_view name) const;

    Result<std::string, int> read(std::uint32_t pid, std::string_view name, std::size_t cap = small_file_bytes) const;
    Result<std::string, int> read(std::string_view name, std::size_t cap = small_file_bytes) const;
    /// What one read() of up to 4 KiB gives: the whole of files like stat, which the kernel makes in one piece.
    Result<std::string, int> read_once(std::uint32_t pid, std::string_view name) const;
    Result<std::string, int> read_once(std::string_view name) const;
    /// Where a symbolic link points to, at most 4,095 bytes.
    Result<std::string, int> link(std::uint32_t pid, std::string_view name) const;
    Result<std::string, int> link(std::string_view name) const;
    /// The numbers in a directory's names, in the kernel's order; other names are passed over. At most `cap`.
    Result<std::vector<std::uint32_t>, int> numbers(std::string_view name, std::size_t cap) const;
    /// Opens the directory that a magic link like "12/root" leads to, as a starting point only (O_PATH).
    Result<FileDescriptor, int> open_directory(std::uint32_t pid, std::string_view name) const;
    /// 0: unknown.
    std::uint64_t namespace_of(std::uint32_t pid, std::string_view which) const;
    std::uint64_t own_namespace(std::string_view which) const;
    /// Whether this is a mounted /proc that shows ourselves.
    bool mounted() const;

private:
    std::string root_;
};

} // namespace tasks::inspect

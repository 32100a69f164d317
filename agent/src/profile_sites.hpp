// The sites that tasks name, their texts kept in memory of the caller's while a profile is written: a look at the table
// for each of a million jobs would take seconds. Texts are cut where they are longer than anything a person reads.
// Allocates nothing; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <tasks/protocol/table_reader.hpp>

namespace tasks::agent {

/// One site's place in that memory.
class KeptSite {
public:
    static constexpr std::size_t longest_name = 255;
    static constexpr std::size_t longest_function = 511;
    static constexpr std::size_t longest_file = 1023;

    std::uint32_t id() const noexcept { return id_; }
    std::uint32_t line() const noexcept { return line_; }
    std::string_view name() const noexcept { return {texts_.data(), name_bytes_}; }
    std::string_view function() const noexcept { return {texts_.data() + name_bytes_, function_bytes_}; }
    std::string_view file() const noexcept { return {texts_.data() + name_bytes_ + function_bytes_, file_bytes_}; }

    void keep(const protocol::Site& site) noexcept;
    /// A site whose texts cannot be had.
    void keep_unknown(std::uint32_t id) noexcept;

private:
    std::uint32_t id_;
    std::uint32_t line_;
    std::uint16_t name_bytes_;
    std::uint16_t function_bytes_;
    std::uint16_t file_bytes_;
    std::array<char, longest_name + longest_function + longest_file> texts_;
};

class ProfileSites {
public:
    static constexpr std::size_t slots = 1024;
    static constexpr std::size_t memory_bytes = slots * sizeof(KeptSite);

    /// `memory`: zeros. The reader may be in a walk; without one no site but 0 is asked for.
    ProfileSites(protocol::TableReader* table, std::span<char> memory) noexcept
        : table_(table), kept_(static_cast<KeptSite*>(static_cast<void*>(memory.data()))) {}

    /// Valid until the next call; its texts are empty where the site is not known. `id` 0: no site.
    const KeptSite& site(std::uint32_t id) noexcept;

private:
    protocol::TableReader* table_;
    KeptSite* kept_;
};

} // namespace tasks::agent

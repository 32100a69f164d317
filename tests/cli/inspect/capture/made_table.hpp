// The file of a task table, written by hand: header, sites, texts and records where the test wants them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tasks/protocol/table_layout.hpp>

namespace tasks::tests {

class MadeTable {
public:
    MadeTable(std::uint32_t pid, std::uint64_t start);

    protocol::TableHeader header;

    std::uint32_t site(std::string_view name, std::string_view function, std::string_view file, std::uint32_t line);
    /// A job that no thread carries.
    void job(std::uint32_t site, std::uint64_t since_ns = 0);
    /// The job made last has a label, whose key is the site's name.
    void label(std::uint32_t key_site, std::string_view text);
    /// A thread that carries jobs with those scopes, or waits with none.
    void thread(std::uint32_t tid, std::initializer_list<std::uint32_t> scopes);

    std::string bytes() const;
    void write_to(const std::string& path) const;

private:
    std::string sites_;
    std::string texts_;
    std::string records_;
    std::uint32_t site_count_ = 0;
};

} // namespace tasks::tests

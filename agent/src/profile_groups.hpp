// The groups of a profile: tasks are counted by shape (kind, state, reason, wait site, scopes, top program counter) in
// a table of fixed size, in memory of the caller's. A task whose shape finds no room is counted, and said. Allocates
// nothing; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "profile_lines.hpp"
#include "profile_walk.hpp"

namespace tasks::agent {

class ProfileGroups final : public ProfileSink {
public:
    static constexpr std::size_t most_shapes = 4096;

    /// Zeroed memory.
    struct Memory {
        std::span<char> shapes;  ///< shapes_bytes
        std::span<char> buckets; ///< buckets_bytes
        std::span<char> chains;  ///< chains_bytes: per thread the next of its group
    };

    explicit ProfileGroups(const Memory& memory) noexcept;

    bool take(const MergedTask& task, std::size_t thread_index) noexcept override;

    /// The biggest first, then the oldest. Shapes whose sites have equal texts are one: a site may have two numbers.
    void write(ProfileLines& lines, ProfileSites& sites, std::span<const std::uint32_t> tids) noexcept;

    std::uint64_t left_out() const noexcept { return left_out_; }

private:
    struct Key {
        std::uint64_t pc = 0;
        std::array<std::uint32_t, protocol::max_scopes> scopes{};
        std::uint32_t scope_count = 0;
        std::uint32_t scopes_left_out = 0;
        std::uint32_t wait_site = 0;
        protocol::Kind kind{};
        protocol::State state{};
        protocol::WaitReason wait_reason{};
        protocol::Capture capture{}; ///< unknown: no thread carries it
        bool registered_wait = false;
        bool from_thread = false;

        bool operator==(const Key&) const = default;
    };
    struct Shape {
        Key key;
        std::uint64_t count;
        std::uint64_t age_min; ///< of those with an age
        std::uint64_t age_max;
        bool has_age;
        bool one_name;              ///< all its threads have the name
        std::array<char, 32> name;  ///< of threads that carry no job
        std::uint32_t first_thread; ///< index + 1; 0: none
        std::uint32_t last_thread;
        std::uint64_t texts; ///< of its sites, with the pc, hashed
    };
    static constexpr std::size_t buckets = 4 * most_shapes;

    static Key key_of(const MergedTask& task) noexcept;
    Shape* shape_of(const Key& key) noexcept;
    static void add_age(std::uint64_t age_ns, Shape& shape) noexcept;
    static void add_name(std::string_view name, Shape& shape) noexcept;
    void add_thread(std::size_t index, Shape& shape) noexcept;
    static std::uint64_t texts_of(const Key& key, ProfileSites& sites) noexcept;
    static bool agree(const Shape& left, const Shape& right) noexcept;
    void join(Shape& from, Shape& to) noexcept;
    void join_equals(ProfileSites& sites) noexcept;
    void write_one(const Shape& shape, ProfileLines& lines, std::span<const std::uint32_t> tids) const noexcept;

    Shape* shapes_;
    std::uint16_t* buckets_; // index of the shape + 1
    std::uint32_t* chains_;  // per thread: 0 in no chain, else index of the next + 1, UINT32_MAX for the last
    std::uint16_t* order_;
    std::size_t used_ = 0;
    std::size_t written_ = 0; ///< of order_, after equal ones were joined
    std::uint64_t left_out_ = 0;

public:
    static constexpr std::size_t shapes_bytes = most_shapes * sizeof(Shape);
    static constexpr std::size_t buckets_bytes = (buckets + most_shapes) * sizeof(std::uint16_t);
    static constexpr std::size_t chains_bytes = max_listed_threads * sizeof(std::uint32_t);
};

} // namespace tasks::agent

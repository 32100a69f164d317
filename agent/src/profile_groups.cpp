#include "profile_groups.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <tuple>

namespace tasks::agent {
namespace {

using protocol::Capture;

template <class Object> Object* objects(std::span<char> memory) noexcept {
    return static_cast<Object*>(static_cast<void*>(memory.data()));
}

constexpr std::uint32_t last_of_chain = UINT32_MAX;
constexpr std::uint64_t odd = 0x9e3779b97f4a7c15u;

constexpr std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) noexcept {
    hash = (hash ^ value) * odd;
    return hash ^ hash >> 29;
}

} // namespace

ProfileGroups::ProfileGroups(const Memory& memory) noexcept
    : shapes_(objects<Shape>(memory.shapes)), buckets_(objects<std::uint16_t>(memory.buckets)),
      chains_(objects<std::uint32_t>(memory.chains)), order_(buckets_ + buckets) {}

ProfileGroups::Key ProfileGroups::key_of(const MergedTask& merged) noexcept {
    Key key;
    key.kind = merged.kind;
    key.state = merged.state;
    key.wait_reason = merged.wait_reason;
    key.registered_wait = merged.registered_wait();
    key.from_thread = merged.from_thread;
    if (const protocol::Task* task = merged.task; task != nullptr) {
        key.scopes = task->scopes;
        key.scope_count = std::min<std::uint32_t>(task->scope_count, protocol::max_scopes);
        std::fill(key.scopes.begin() + key.scope_count, key.scopes.end(), 0u);
        key.scopes_left_out = task->scopes_left_out;
        key.wait_site = key.registered_wait ? task->wait_site : 0;
    }
    if (const protocol::ThreadStack* thread = merged.thread; thread != nullptr) {
        key.capture = thread->capture == Capture::changing ? Capture::running : thread->capture;
        key.pc = thread->capture == Capture::captured ? thread->pc : 0;
    }
    return key;
}

ProfileGroups::Shape* ProfileGroups::shape_of(const Key& key) noexcept {
    std::uint64_t hash = mixed(key.pc, std::uint64_t{key.wait_site} << 32 | key.scopes_left_out);
    for (std::size_t i = 0; i < key.scope_count; ++i)
        hash = mixed(hash, key.scopes[i]);
    hash = mixed(hash, static_cast<std::uint64_t>(key.kind) << 24 | static_cast<std::uint64_t>(key.state) << 16 |
                           static_cast<std::uint64_t>(key.wait_reason) << 8 | static_cast<std::uint64_t>(key.capture));
    for (std::size_t at = hash % buckets;; at = (at + 1) % buckets) { // a quarter of them is used at the most
        if (buckets_[at] == 0) {
            if (used_ == most_shapes)
                return nullptr;
            Shape& made = shapes_[used_++];
            made.key = key;
            buckets_[at] = static_cast<std::uint16_t>(used_);
            return &made;
        }
        if (Shape& known = shapes_[buckets_[at] - 1]; known.key == key)
            return &known;
    }
}

void ProfileGroups::add_age(std::uint64_t age_ns, Shape& shape) noexcept {
    shape.age_min = shape.has_age ? std::min(shape.age_min, age_ns) : age_ns;
    shape.age_max = std::max(shape.age_max, age_ns);
    shape.has_age = true;
}

void ProfileGroups::add_name(std::string_view name, Shape& shape) noexcept {
    const std::string_view cut = name.substr(0, shape.name.size() - 1); // the kernel keeps 15 bytes
    if (shape.count == 0) {
        cut.copy(shape.name.data(), cut.size());
        shape.one_name = true;
    }
    shape.one_name = shape.one_name && cut == shape.name.data();
}

void ProfileGroups::add_thread(std::size_t index, Shape& shape) noexcept {
    const auto number = static_cast<std::uint32_t>(index + 1);
    (shape.last_thread == 0 ? shape.first_thread : chains_[shape.last_thread - 1]) = number;
    shape.last_thread = number;
    chains_[index] = last_of_chain;
}

bool ProfileGroups::take(const MergedTask& task, std::size_t thread_index) noexcept {
    Shape* shape = shape_of(key_of(task));
    if (shape == nullptr) {
        ++left_out_;
        return true;
    }
    if (task.age_ns)
        add_age(*task.age_ns, *shape);
    if (task.kind == protocol::Kind::thread && task.thread != nullptr)
        add_name(task.thread->name, *shape);
    // A thread that two records name, its old and its new one, is in one chain only.
    if (thread_index != no_thread && chains_[thread_index] == 0)
        add_thread(thread_index, *shape);
    ++shape->count;
    return true;
}

void ProfileGroups::write_one(const Shape& shape, ProfileLines& lines,
                              std::span<const std::uint32_t> tids) const noexcept {
    const Key& key = shape.key;
    lines.count(shape.count, key.kind);
    lines.doing(key.state, key.wait_reason, key.wait_site);
    if (shape.has_age)
        lines.ages(shape.age_min, shape.age_max, key.from_thread);
    lines.names(key.scopes.data(), key.scope_count, key.scopes_left_out);
    if (key.scope_count == 0 && shape.one_name)
        lines.name(shape.name.data());
    lines.out << "\n";
    if (key.pc != 0)
        lines.at(key.pc);
    else if (key.capture != Capture::unknown)
        lines.out << "  thread " << ProfileLines::word(key.capture) << "\n";
    if (key.registered_wait)
        lines.waits_at(key.wait_site);
    lines.created_by(key.scopes.data(), key.scope_count, key.scopes_left_out);
    if (shape.first_thread != 0) {
        lines.out << "  tids";
        for (std::uint32_t number = shape.first_thread; number != last_of_chain; number = chains_[number - 1])
            lines.out << " " << tids[number - 1];
        lines.out << "\n";
    }
    lines.out << "\n";
}

void ProfileGroups::write(ProfileLines& lines, std::span<const std::uint32_t> tids) noexcept {
    std::iota(order_, order_ + used_, std::uint16_t{0});
    std::sort(order_, order_ + used_, [this](std::uint16_t left, std::uint16_t right) {
        const auto rank = [this](std::uint16_t at) {
            return std::tuple(~shapes_[at].count, ~(shapes_[at].has_age ? shapes_[at].age_max + 1 : 0), at);
        };
        return rank(left) < rank(right);
    });
    for (std::size_t at = 0; at < used_ && !lines.out.failed(); ++at)
        write_one(shapes_[order_[at]], lines, tids);
}

} // namespace tasks::agent

#include "profile_groups.hpp"

#include <algorithm>
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

std::uint64_t mixed(std::uint64_t hash, std::string_view text) noexcept {
    for (const char letter : text)
        hash = mixed(hash, static_cast<unsigned char>(letter));
    return mixed(hash, text.size());
}

/// 64 bits of a site's texts: of 4,096 shapes two that differ agree in them once in 2^40 profiles.
std::uint64_t texts_of(std::uint32_t id, ProfileSites& sites) noexcept {
    if (id == 0)
        return 0;
    const KeptSite& site = sites.site(id);
    if (site.file().empty() && site.name().empty())
        return id; // not known: equal to itself alone
    std::uint64_t hash = mixed(odd, site.line());
    for (const std::string_view text : {site.name(), site.function(), site.file()})
        hash = mixed(hash, text);
    return hash;
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
        lines.out << "  thread " << protocol::word(key.capture) << "\n";
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

std::uint64_t ProfileGroups::texts_of(const Key& key, ProfileSites& sites) noexcept {
    std::uint64_t hash = mixed(mixed(odd, key.pc), agent::texts_of(key.wait_site, sites));
    for (std::size_t i = 0; i < key.scope_count; ++i)
        hash = mixed(hash, agent::texts_of(key.scopes[i], sites));
    return hash;
}

bool ProfileGroups::agree(const Shape& left, const Shape& right) noexcept {
    Key other = right.key;
    other.scopes = left.key.scopes;
    other.wait_site = left.key.wait_site;
    return left.texts == right.texts && left.key == other;
}

void ProfileGroups::join(Shape& from, Shape& to) noexcept {
    if (from.has_age) {
        add_age(from.age_min, to);
        add_age(from.age_max, to);
    }
    to.one_name = to.one_name && from.one_name && to.name == from.name;
    if (from.first_thread != 0) {
        (to.last_thread == 0 ? to.first_thread : chains_[to.last_thread - 1]) = from.first_thread;
        to.last_thread = from.last_thread;
    }
    to.count += from.count;
}

void ProfileGroups::join_equals(ProfileSites& sites) noexcept {
    for (std::size_t at = 0; at < used_; ++at)
        shapes_[at].texts = texts_of(shapes_[at].key, sites);
    std::iota(order_, order_ + used_, std::uint16_t{0});
    std::sort(order_, order_ + used_, [this](std::uint16_t left, std::uint16_t right) {
        return std::tuple(shapes_[left].texts, left) < std::tuple(shapes_[right].texts, right);
    });
    std::size_t kept = 0; // order_[0 ... kept) stay
    std::size_t run = 0;  // where the kept ones with these texts begin
    for (std::size_t at = 0; at < used_; ++at) {
        Shape& shape = shapes_[order_[at]];
        if (run < kept && shapes_[order_[run]].texts != shape.texts)
            run = kept;
        const auto equal = std::find_if(order_ + run, order_ + kept,
                                        [&](std::uint16_t other) { return agree(shapes_[other], shape); });
        if (equal == order_ + kept)
            order_[kept++] = order_[at];
        else
            join(shape, shapes_[*equal]);
    }
    written_ = kept;
}

void ProfileGroups::write(ProfileLines& lines, ProfileSites& sites, std::span<const std::uint32_t> tids) noexcept {
    join_equals(sites);
    std::sort(order_, order_ + written_, [this](std::uint16_t left, std::uint16_t right) {
        const auto rank = [this](std::uint16_t at) {
            return std::tuple(~shapes_[at].count, ~(shapes_[at].has_age ? shapes_[at].age_max + 1 : 0), at);
        };
        return rank(left) < rank(right);
    });
    for (std::size_t at = 0; at < written_ && !lines.out.failed(); ++at)
        write_one(shapes_[order_[at]], lines, tids);
}

} // namespace tasks::agent

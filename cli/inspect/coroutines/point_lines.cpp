#include "coroutines/point_lines.hpp"

#include <algorithm>

namespace tasks::inspect {

namespace {

constexpr std::uint32_t of_store = 12;
constexpr std::uint32_t of_shared_store = 9;
constexpr std::uint32_t behind_store = 8;
constexpr std::uint32_t before_store = 7;
constexpr std::uint32_t of_resume = 4;
constexpr std::uint64_t near = 80; ///< bytes of code
constexpr std::size_t near_rows = 8;
constexpr std::uint64_t statement = 200; ///< bytes of code before a store
constexpr std::size_t statement_rows = 24;

void add(std::vector<LineCandidate>& candidates, const LineCandidate& added) {
    for (LineCandidate& one : candidates)
        if (one.line == added.line) {
            one.weight = std::max(one.weight, added.weight) + (one.weight != 0 && added.weight == of_resume ? 3 : 0);
            one.proven |= added.proven;
            return;
        }
    candidates.push_back(added);
}

// g++ gives stores the line of the closing brace where locals have destructors: the rows around it tell more.
void add_around(const CoroutineBody& body, std::size_t row, std::uint64_t address,
                std::vector<LineCandidate>& candidates) {
    const auto& rows = body.rows;
    for (std::size_t i = row + 1; i < rows.size() && i <= row + near_rows && rows[i].address < address + near; ++i)
        if (body.is_inside(rows[i].line)) {
            add(candidates, {rows[i].line, behind_store, false});
            break;
        }
    for (std::size_t i = row; i > 0 && row - i < near_rows && rows[i - 1].address + near > address; --i)
        if (body.is_inside(rows[i - 1].line)) {
            add(candidates, {rows[i - 1].line, before_store, false});
            break;
        }
}

void add_store(const CoroutineBody& body, const IndexStore& store, PointLine& point,
               std::vector<LineCandidate>& candidates) {
    const std::size_t row = body.row_at(store.address);
    if (row == body.rows.size())
        return;
    const std::uint32_t line = body.rows[row].line;
    if (!body.is_inside(line)) {
        add_around(body, row, store.address, candidates);
        return;
    }
    const bool proven = store.certain && !store.merged;
    add(candidates, {line, proven ? of_store : of_shared_store, proven});
    if (proven && std::find(point.stored.begin(), point.stored.end(), line) == point.stored.end())
        point.stored.push_back(line);
}

void add_resume(const CoroutineBody& body, std::uint64_t address, std::vector<LineCandidate>& candidates) {
    const std::size_t row = address == 0 ? body.rows.size() : body.row_at(address);
    for (std::size_t i = row; i < body.rows.size() && i < row + 4; ++i)
        if (body.is_inside(body.rows[i].line)) {
            add(candidates, {body.rows[i].line, of_resume, false});
            return;
        }
}

// g++ gives what stores an index the line where its statement begins: the rows before it tell of further lines.
bool statement_goes_on(const CoroutineBody& body, std::uint64_t address, std::uint32_t line) {
    const std::size_t row = body.row_at(address);
    for (std::size_t i = row, n = 0; i > 0 && n < statement_rows && body.rows[i - 1].address + statement > address;
         --i, ++n)
        if (body.rows[i - 1].line > line && body.is_inside(body.rows[i - 1].line))
            return true;
    return false;
}

void finish(const CoroutineBody& body, CoroutineCompiler compiler, const CodePoint& point, const LineCandidate& chosen,
            PointLine& into) {
    into.chosen = chosen;
    into.exact = chosen.proven && into.stored.size() == 1;
    if (compiler == CoroutineCompiler::gcc)
        for (const IndexStore& store : point.stores)
            into.exact = into.exact && !statement_goes_on(body, store.address, chosen.line);
}

} // namespace

std::vector<PointLine> point_lines(const CoroutineBody& body, CoroutineCompiler compiler,
                                   const std::vector<CodePoint>& points) {
    std::vector<PointLine> lines(points.size());
    std::vector<std::vector<LineCandidate>> candidates(points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
        if (points[i].kind != PointKind::await)
            continue;
        for (const IndexStore& store : points[i].stores)
            add_store(body, store, lines[i], candidates[i]);
        add_resume(body, points[i].resume.address, candidates[i]);
    }
    const auto chosen = assigned_lines(std::move(candidates));
    for (std::size_t i = 0; i < points.size(); ++i)
        finish(body, compiler, points[i], chosen[i], lines[i]);
    // Two points of one line may be of one statement, of which the second point is on a line further down.
    for (std::size_t i = 0; compiler == CoroutineCompiler::gcc && i + 1 < points.size(); ++i)
        if (const std::uint32_t line = lines[i].chosen.line; line != 0 && line == lines[i + 1].chosen.line)
            lines[i].exact = lines[i + 1].exact = false;
    return lines;
}

} // namespace tasks::inspect

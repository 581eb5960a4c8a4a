#include "scenarios/importers/matpower.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "scenarios/importers/matpower_power_flow.hpp"

namespace gridplus::matpower {
namespace {

using powerflow::BusType;

constexpr const char* k_bus =
    "mpc.bus = [\n"
    "  1 3 0  0  0 0 1 1 0 110 1 1.1 0.9;\n"
    "  2 1 50 20 1 5 1 1 0 110 1 1.1 0.9;\n"
    "];\n";
constexpr const char* k_gen = "mpc.gen = [ 1 10 0 100 -100 1.02 100 1 200 0 ];\n";
constexpr const char* k_branch = "mpc.branch = [ 1 2 0.01 0.1 0.02 80 0 0 0 0 1 -360 360 ];\n";

std::string small_case(const std::string& more = {}) {
  return std::string("function mpc = small\nmpc.version = '2';\nmpc.baseMVA = 100;\n") + k_bus + k_gen + k_branch +
         more;
}

std::string problem(const std::string& text) {
  try {
    const Case data = parse(text, "case.m");
    (void)make_snapshot(data);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no problem";
}

void expect_problem(const std::string& text, const std::string& expected) {
  EXPECT_NE(problem(text).find(expected), std::string::npos)
      << "expected: " << expected << "\nbut got: " << problem(text);
}

TEST(MatpowerParse, ReadsEveryTable) {
  const Case data = parse(small_case("mpc.gencost = [ 2 100 50 3 0.01 20 5 ];\n"
                                     "mpc.dcline = [ 1 2 1 10 9 0 0 1 1 0 100 -5 5 -5 5 0.5 0.05 ];\n"
                                     "mpc.bus_name = { 'North'; 'South''s end' };\n"
                                     "mpc.genfuel = {'hydro'};\nmpc.gentype = {\"HY\"};\n"),
                          "case.m");
  EXPECT_EQ(data.name, "small");
  EXPECT_EQ(data.base_mva, 100.0);
  ASSERT_EQ(data.buses.size(), 2U);
  EXPECT_EQ(data.buses[1].number, 2);
  EXPECT_EQ(data.buses[1].pd_mw, 50.0);
  EXPECT_EQ(data.buses[1].bs_mvar, 5.0);
  EXPECT_EQ(data.buses[1].line, 6);
  ASSERT_EQ(data.generators.size(), 1U);
  EXPECT_EQ(data.generators[0].vg_pu, 1.02);
  EXPECT_EQ(data.generators[0].p_max_mw, 200.0);
  ASSERT_EQ(data.branches.size(), 1U);
  EXPECT_EQ(data.branches[0].rate_a_mva, 80.0);
  EXPECT_EQ(data.branches[0].line, 9);
  ASSERT_EQ(data.generator_costs.size(), 1U);
  EXPECT_EQ(data.generator_costs[0].polynomial, (std::vector<double>{0.01, 20.0, 5.0}));
  EXPECT_EQ(data.generator_costs[0].startup, 100.0);
  ASSERT_EQ(data.dc_lines.size(), 1U);
  EXPECT_EQ(data.dc_lines[0].loss_share, 0.05);
  EXPECT_EQ(data.bus_names, (std::vector<std::string>{"North", "South's end"}));
  EXPECT_EQ(data.generator_fuels, std::vector<std::string>{"hydro"});
  EXPECT_EQ(data.generator_types, std::vector<std::string>{"HY"});
}

TEST(MatpowerParse, ReadsPiecewiseLinearAndReactiveCosts) {
  const Case data =
      parse(small_case("mpc.gencost = [ 1 0 0 3 0 0 100 1200 200 3000;\n 2 0 0 2 3 4 0 0 0 0 ];\n"), "case.m");
  ASSERT_EQ(data.generator_costs.size(), 1U);
  ASSERT_EQ(data.generator_costs[0].points.size(), 3U);
  EXPECT_EQ(data.generator_costs[0].points[1].p_mw, 100.0);
  EXPECT_EQ(data.generator_costs[0].points[1].cost_per_h, 1200.0);
  ASSERT_EQ(data.generator_reactive_costs.size(), 1U);
  EXPECT_EQ(data.generator_reactive_costs[0].polynomial, (std::vector<double>{3.0, 4.0}));
}

TEST(MatpowerParse, CommentsContinuationsAndSeparatorsAreUnderstood) {
  const std::string text =
      "%% a comment\r\n"
      "%{\nblock comment with mpc.bus = nonsense(\n%{\nnested\n%}\n%}\n"
      "function mpc = small % trailing\n"
      "mpc.baseMVA = 1e2, mpc.version = '2';\n"
      "mpc.bus = [ 1, 3, 0, 0, 0, 0, 1, 1, ... the rest follows\n"
      "  0, 110, 1, 1.1, +.9 % row ends with the line\n"
      "  2 1 5e1 20. -0 5 1 1 0 110 1 1.1 .9;;\n\n];"
      "mpc.gen = [ 1 10 0 Inf -Inf 1.02 100 1 200 0 ]; # octave\n"
      "mpc.reserves.zones = [1 1];\n"
      "mpc.branch = [\t1\t2\t0.01\t0.1\t0.02\t0\t0\t0\t0\t0\t1 ]\n"
      "end";
  const Case data = parse(text, "case.m");
  ASSERT_EQ(data.buses.size(), 2U);
  EXPECT_EQ(data.buses[0].vm_min_pu, 0.9);
  EXPECT_EQ(data.buses[0].line, 10);
  EXPECT_EQ(data.buses[1].pd_mw, 50.0);
  EXPECT_TRUE(std::isinf(data.generators[0].q_max_mvar));
  EXPECT_EQ(data.branches[0].angle_max_deg, 360.0);
}

constexpr const char* k_indices =
    "[PQ, PV, REF, NONE, BUS_I, BUS_TYPE, PD, QD, GS, BS, BUS_AREA, VM, ...\n"
    "    VA, BASE_KV, ZONE, VMAX, VMIN, LAM_P, LAM_Q, MU_VMAX, MU_VMIN] = idx_bus;\n"
    "[F_BUS, T_BUS, BR_R, BR_X, BR_B, RATE_A, RATE_B, RATE_C, ...\n"
    "    TAP, SHIFT, BR_STATUS, PF, QF, PT, QT, MU_SF, MU_ST, ...\n"
    "    ANGMIN, ANGMAX, MU_ANGMIN, MU_ANGMAX] = idx_brch;\n";

TEST(MatpowerParse, RadialCasesAreConvertedFromOhmsAndKilowatts) {
  const Case data = parse(small_case(std::string(k_indices) +
                                     "Vbase = mpc.bus(1, BASE_KV) * 1e3;      %% in Volts\n"
                                     "Sbase = mpc.baseMVA * 1e6;              %% in VA\n"
                                     "mpc.branch(:, [BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / (Vbase^2 / Sbase);\n"
                                     "mpc.bus(:, [PD, QD]) = mpc.bus(:, [PD, QD]) / 1e3;\n"),
                          "case.m");
  EXPECT_DOUBLE_EQ(data.branches[0].r_pu, 0.01 / 121.0);
  EXPECT_DOUBLE_EQ(data.branches[0].x_pu, 0.1 / 121.0);
  EXPECT_DOUBLE_EQ(data.buses[1].pd_mw, 0.05);
  EXPECT_DOUBLE_EQ(data.buses[1].qd_mvar, 0.02);
}

TEST(MatpowerParse, RadialCasesAreConvertedFromApparentPower) {
  const Case data =
      parse(small_case("mpc.bus(:, [PD, QD]) = mpc.bus(:, [PD, QD]) / 1000;\npf = 0.85;\n"
                       "mpc.bus(:, QD) = mpc.bus(:, PD) * sin(acos(pf));\nmpc.bus(:, PD) = mpc.bus(:, PD) * pf;\n"),
            "case.m");
  EXPECT_DOUBLE_EQ(data.buses[1].pd_mw, 0.05 * 0.85);
  EXPECT_DOUBLE_EQ(data.buses[1].qd_mvar, 0.05 * std::sqrt(1.0 - 0.85 * 0.85));
}

TEST(MatpowerParse, OtherStatementsAreErrorsWithTheirLine) {
  expect_problem(small_case("mpc.bus(:, 3) = 2 * mpc.bus(:, 3);\n"), "case.m:10:1: the statement");
  expect_problem(small_case("\n system('rm -rf /');\n"), "case.m:11:2: the statement");
  expect_problem(small_case("x = 3;"), "case.m:10:1");
  expect_problem(small_case("for i = 1:10\nend"), "case.m:10:1");
  expect_problem(small_case("pf = 2;"), "case.m:10:1");
  expect_problem(small_case("mpc.bus(:, PD) = mpc.bus(:, PD) * pf;"), "pf is used before it is given");
  expect_problem("Sbase = mpc.baseMVA * 1e6;", "mpc.baseMVA is used before it is given");
  expect_problem(small_case("[PQ, PV] = idx_bus;"), "case.m:10:1");
}

TEST(MatpowerParse, BrokenSyntaxIsAnErrorAtItsPlace) {
  expect_problem("mpc.bus = [ 1 2; 3 ];",
                 "case.m:1:21: the row that begins in line 1 has 1 columns; allowed: 2 columns");
  expect_problem("mpc.bus = [ 1 2", "case.m:1:11: the '[' opened here is not closed");
  expect_problem("mpc.bus = [ 1 x ]", "case.m:1:15: expected a number, found 'x ]'");
  expect_problem("mpc.bus = [ 1*2 ]", "expected a blank, ',' or ';', found '*2 ]'");
  expect_problem("mpc.bus = [ 1-2 ]", "expected a blank, ',' or ';', found '-2 ]'");
  expect_problem("mpc.bus = [ 1 2 ]'", "expected the end of the statement");
  expect_problem("mpc.baseMVA = 100 * 2;", "case.m:1:19: expected the end of the statement, found '* 2;'");
  expect_problem("mpc.baseMVA = ;", "expected a number");
  expect_problem("mpc.baseMVA = 1e999;", "too large");
  expect_problem("mpc.name = 'open\n", "case.m:1:12: a string is not closed in its line");
  expect_problem("mpc.c = { 'a' \n 'b'", "the '{' opened here is not closed");
  expect_problem("%{\nnever closed", "block comment");
  expect_problem("mpc.a = 1;\nmpc.a = 2;", "case.m:2:1: mpc.a was already given in line 1");
  expect_problem("function [baseMVA, bus, gen] = old", "case format version 1");
  expect_problem("function chgtab = contab", "expected 'mpc = ' after 'function'");
  expect_problem(std::string("mpc.a = \0 1;", 12), "expected a number");
  expect_problem("", "mpc.baseMVA: the base power is missing");
}

TEST(MatpowerParse, ProblemsOfTheDataAreAllReported) {
  const std::string text =
      "mpc.baseMVA = 0;\n"
      "mpc.bus = [\n"
      "  1 3 NaN 0 0 0 1 1 0 110 1 1.1 0.9;\n"
      "  2 9 0   0 0 0 1 1 0 110 1 1.1 0.9;\n"
      "];\n"
      "mpc.gen = [ 1 10 0 -100 100 0 100 1 200 0 ];\n"
      "mpc.branch = [ 1 2.5 0 0.1 0 -1 0 0 -1 0 1 ];\n";
  const std::string text_of_problems = problem(text);
  for (const char* expected : {"case.m:1:1: mpc.baseMVA", "case.m:3:1: mpc.bus(1, 3): the demand Pd is nan",
                               "case.m:4:1: mpc.bus(2, 2): the bus type is 9; allowed: a whole number from 1 to 4",
                               "case.m:6:1: mpc.gen(1, 5): Qmin is 100", "mpc.gen(1, 6): the set point Vg is 0",
                               "case.m:7:1: mpc.branch(1, 2): the to bus is 2.5", "mpc.branch(1, 6): rateA is -1",
                               "mpc.branch(1, 9): the ratio is -1"}) {
    EXPECT_NE(text_of_problems.find(expected), std::string::npos) << expected << "\nin: " << text_of_problems;
  }
}

TEST(MatpowerParse, TablesThatDoNotFitAreErrors) {
  expect_problem(small_case("mpc.gencost = [ 2 0 0 9 1 2 3 ];\n"),
                 "the count of cost figures is 9; allowed: at most 3");
  expect_problem(small_case("mpc.gencost = [ 1 0 0 2 5 1 5 2 ];\n"), "ascending powers");
  expect_problem(small_case("mpc.gencost = [ 2 0 0 1 1; 2 0 0 1 1; 2 0 0 1 1 ];\n"), "3 rows for 1 generators");
  expect_problem(small_case("mpc.gencost = [ 2 0 ];\n"), "at least 5 columns");
  expect_problem(small_case("mpc.bus_name = { 'a' };\n"), "it has 1 rows; allowed: a cell array with 2 rows");
  expect_problem(small_case("mpc.bus_name = 3;\n"), "it is not a cell array");
  expect_problem(small_case("mpc.dcline = 5;\n"), "it is not a matrix");
  expect_problem("mpc.version = '1'; mpc.baseMVA = 100;", "not version 2");
  expect_problem(std::string("mpc.baseMVA = 1;") + k_bus + k_bus + k_gen + k_branch, "mpc.bus was already given");
  expect_problem(std::string("mpc.baseMVA = 1;") + k_bus + k_gen + "mpc.branch = [ 1 7 0 .1 0 0 0 0 0 0 1 ];",
                 "bus 7 does not exist");
  expect_problem(std::string("mpc.baseMVA = 1;") + k_bus + "mpc.gen = [ 8 0 0 0 0 1 1 1 0 0 ];" + k_branch,
                 "bus 8 does not exist");
  expect_problem(std::string("mpc.baseMVA = 1;") + k_bus + k_gen + "mpc.branch = [ 1 2 1e-300 0 0 0 0 0 0 0 1 ];",
                 "case.m:6:1: branch '1-2': the series impedance");
  expect_problem(
      "mpc.baseMVA = 1; mpc.gen=[]; mpc.branch=[];\nmpc.bus=[1 3 0 0 0 0 1 1 0 1 1 1.1 .9\n1 1 0 0 0 0 1 1 0 1 1 1.1 "
      ".9];",
      "case.m:3:1: mpc.bus(2, 1): bus number 1 was already used in line 2");
}

TEST(MatpowerParse, AFileOfAnotherKindEndsWithABoundedListOfProblems) {
  std::string text = "mpc.baseMVA = 1; mpc.gen = []; mpc.branch = [];\nmpc.bus = [\n";
  for (int i = 0; i < 5000; ++i) text += "NaN NaN NaN NaN NaN NaN NaN NaN NaN NaN NaN NaN NaN\n";
  text += "];";
  try {
    (void)parse(text, "case.m");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_LT(error.diagnostics().size(), 300U);
  }
}

TEST(MatpowerParse, AMissingFileSaysWhy) {
  try {
    (void)read_case("no/such/case.m");
    FAIL();
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("no/such/case.m"), std::string::npos);
  }
  EXPECT_THROW((void)read_case("."), std::runtime_error);
}

TEST(MatpowerSnapshot, TakesUnitsAndTypesAsRunpfDoes) {
  const Case data = parse(
      "mpc.baseMVA = 100;\n"
      "mpc.bus = [\n"
      " 10 3 5 2 0 0 1 1.00 7 0 1 1.1 0.9\n"  // reference with two units
      " 20 2 0 0 0 0 1 1.01 0 0 1 1.1 0.9\n"  // PV whose unit is off: PQ
      " 30 2 1 1 0 0 1 1.02 0 0 1 1.1 0.9\n"  // PV with a unit on and one off
      " 40 1 0 0 0 0 1 0.00 0 0 1 1.1 0.9\n"  // PQ with a unit: its Q counts; no start in the file
      " 50 4 9 9 0 0 1 1.00 0 0 1 1.1 0.9\n"  // isolated
      "];\n"
      "mpc.gen = [\n"
      " 10 50 1 30 -30 1.03 100 1 100 0\n"
      " 20 60 2 30 -30 1.04 100 0 100 0\n"
      " 30 70 3 30 -30 1.05 100 1 100 0\n"
      " 30 99 9 99 -99 1.09 100 0 100 0\n"
      " 40 10 4 30 -30 1.06 100 1 100 0\n"
      " 10 20 5 60 -10 1.07 100 1 100 0\n"
      " 50 11 1 30 -30 1.00 100 1 100 0\n"
      "];\n"
      "mpc.branch = [\n"
      " 10 20 0.01 0.1 0 0 0 0 0 0 1\n 20 30 0.01 0.1 0 0 0 0 0.95 0 1\n 30 40 0.01 0.1 0 9 0 0 0 0 1\n"
      " 30 40 0.01 0.1 0 9 0 0 0 0 0\n 40 50 0.01 0.1 0 0 0 0 0 0 1\n];\n",
      "case.m");
  const Snapshot snapshot = make_snapshot(data);
  EXPECT_EQ(snapshot.type, (std::vector<BusType>{BusType::slack, BusType::pq, BusType::pv, BusType::pq, BusType::out}));
  EXPECT_EQ(snapshot.branch_closed, (std::vector<std::uint8_t>{1, 1, 1, 0, 0}));
  EXPECT_EQ(snapshot.p_mw[0], 65.0);
  EXPECT_EQ(snapshot.p_mw[1], 0.0);
  EXPECT_EQ(snapshot.p_mw[2], 69.0);
  EXPECT_EQ(snapshot.q_mvar[3], 4.0);
  EXPECT_EQ(snapshot.vm_set_pu[0], 1.07);  // the last unit of the bus
  EXPECT_EQ(snapshot.vm_set_pu[2], 1.05);
  EXPECT_EQ(snapshot.va_set_deg[0], 7.0);
  EXPECT_EQ(snapshot.start.vm_pu, (std::vector<double>{1.07, 1.01, 1.05, 1.0, 1.0}));
  EXPECT_EQ(snapshot.q_max_mvar[0], 88.0);
  EXPECT_EQ(snapshot.q_min_mvar[0], -42.0);
  EXPECT_EQ(snapshot.generator_runs, (std::vector<std::uint8_t>{1, 0, 1, 0, 1, 1, 0}));
  EXPECT_EQ(snapshot.names.branch[3], "30-40#2");
  EXPECT_TRUE(std::isinf(snapshot.grid.branch().rating_mva[0]));
  EXPECT_EQ(snapshot.grid.branch().rating_mva[2], 9.0);
  EXPECT_EQ(snapshot.grid.branch().kind[1], BranchKind::transformer);
  EXPECT_EQ(snapshot.grid.branch().kind[2], BranchKind::line);

  const PowerFlowStudy study = solve_power_flow(data, {});
  ASSERT_TRUE(study.report.converged());
  EXPECT_EQ(study.generators.p_mw[5], 20.0);  // the slack's second unit keeps its output
  EXPECT_NE(study.generators.p_mw[0], 50.0);  // the first takes up the rest
  EXPECT_EQ(study.generators.p_mw[1], 0.0);
  EXPECT_EQ(study.generators.q_mvar[4], 4.0);
  const double q_mvar = study.generators.q_mvar[0] + study.generators.q_mvar[5];
  EXPECT_NEAR(q_mvar, study.result.q_mvar[0] + 2.0, 1e-9);
  EXPECT_NEAR((study.generators.q_mvar[0] + 30.0) / 60.0, (study.generators.q_mvar[5] + 10.0) / 70.0, 1e-9);
  EXPECT_EQ(study.totals.unserved_mw, 9.0);
  EXPECT_NEAR(study.totals.generation_mw, study.totals.demand_mw + study.totals.losses_mw + study.totals.shunt_mw,
              1e-6);
  EXPECT_NEAR(study.totals.generation_mvar,
              study.totals.demand_mvar + study.totals.losses_mvar + study.totals.shunt_mvar, 1e-6);
}

TEST(MatpowerSnapshot, AnIslandWithoutAReferenceBusTakesItsFirstPvBus) {
  const std::string buses =
      "mpc.baseMVA = 100;\nmpc.bus = [\n 1 3 0 0 0 0 1 1 0 0 1 1.1 0.9\n 2 1 5 0 0 0 1 1 0 0 1 1.1 0.9\n"
      " 3 2 0 0 0 0 1 1 0 0 1 1.1 0.9\n 4 2 5 0 0 0 1 1 0 0 1 1.1 0.9\n 5 1 8 0 0 0 1 1 0 0 1 1.1 0.9\n];\n"
      "mpc.branch = [ 1 2 0 .1 0 0 0 0 0 0 1; 3 4 0 .1 0 0 0 0 0 0 1 ];\n";
  const Case data =
      parse(buses + "mpc.gen = [ 1 0 0 9 -9 1 100 1 9 0; 3 0 0 9 -9 1 100 0 9 0; 4 5 0 9 -9 1 100 1 9 0 ];", "case.m");
  const Snapshot snapshot = make_snapshot(data);
  EXPECT_EQ(snapshot.type,
            (std::vector<BusType>{BusType::slack, BusType::pq, BusType::pq, BusType::slack, BusType::out}));
  EXPECT_EQ(snapshot.notes.size(), 2U);
  EXPECT_TRUE(solve_power_flow(data, {}).report.converged());
}

TEST(MatpowerSnapshot, DcLinesAreLeftOutAndSaidToBe) {
  const Case data = parse(small_case("mpc.dcline = [ 1 2 1 10 9 0 0 1 1 0 100 -5 5 -5 5 0.5 0.05 ];\n"), "case.m");
  const Snapshot snapshot = make_snapshot(data);
  ASSERT_EQ(snapshot.notes.size(), 1U);
  EXPECT_NE(snapshot.notes[0].find("DC lines"), std::string::npos);
}

TEST(MatpowerPowerFlow, SetsOutFromDcAnglesWhereTheFilesVoltagesFail) {
  // A transformer turns by 150 degrees, and the voltages of the file know nothing of it.
  const Case data = parse(
      "mpc.baseMVA = 100;\nmpc.bus = [\n 1 3 0 0 0 0 1 1 5 0 1 1.1 0.9\n 2 1 0 0 0 0 1 1 0 0 1 1.1 0.9\n"
      " 3 1 0 0 0 0 1 1 0 0 1 1.1 0.9\n 4 1 0 0 0 0 1 1 0 0 1 1.1 0.9\n];\n"
      "mpc.gen = [ 1 0 0 99 -99 1 100 1 99 0 ];\nmpc.branch = [ 1 2 0 .1 0 0 0 0 1.05 -30 1\n"
      " 2 3 0 .1 0 0 0 0 0.9 150 1\n 4 2 0 .1 0 0 0 0 1.1 10 1 ];\n",
      "case.m");
  const PowerFlowStudy study = solve_power_flow(data, {});
  ASSERT_TRUE(study.report.converged());
  EXPECT_EQ(study.start, Start::dc_angles);
  EXPECT_NEAR(study.state.va_deg[2], -115.0, 1e-6);
  EXPECT_NEAR(study.state.vm_pu[2], 1.0 / 1.05 / 0.9, 1e-8);
  EXPECT_EQ(study.totals.lowest_voltage_bus, 1U);
  EXPECT_EQ(study.totals.highest_voltage_bus, 2U);
}

}  // namespace
}  // namespace gridplus::matpower

function mpc = three_bus
%% a small case
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [ % number type Pd Qd Gs Bs area Vm Va baseKV zone Vmax Vmin
  1 3 0 0 0 0 1 1 0 110 1 1.1 0.9;
  2 2 20 5 0 0 1 1.01 0 110 1 1.1 0.9;
  3 1 45 15 0 19 1 1 0 110 1 1.1 0.9;
];
mpc.gen = [
  1 0 0 50 -50 1.02 100 1 80 0;
  2 40 0 Inf -Inf 1.01 100 1 50 0;
];
mpc.branch = [
  1 2 0.01 0.1 0.02 100 0 0 0 0 1 -360 360;
  2 3 0.01 0.1 0.02 0 0 0 0.98 5 1 -360 360;
  1 3 0.02 0.2 0.04 0 0 0 0 0 0 -360 360;
];
mpc.gencost = [
  2 0 0 3 0.1 5 0;
  1 0 0 2 0 0 50 500;
];
mpc.bus_name = {'one'; 'two'; 'three'};

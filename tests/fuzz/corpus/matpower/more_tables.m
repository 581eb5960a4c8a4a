function mpc = more
mpc.version = '2'; mpc.baseMVA = 100;
mpc.bus = [ 1, 2, 0, 0, 0, 0, 1, 1, 0, 110, 1, 1.1, 0.9 % note
            2, 1, 5e1, -2.5E+1, 0, 0, 1, 1, -3, 110, 2, Inf, 0.9; 7 4 0 0 0 0 1 1 0 0 1 1 1 ];
mpc.gen = [ 1 10 0 Inf -Inf 1 0 1 200 0; 1 20 0 1 -1 1 0 0 200 0 ];
mpc.branch = [ 1 2 0 0.1 0 0 0 0 0.98 30 1 0 0; 2 1 0.01 -0.1 0 0 0 0 0 0 0 -360 360 ];
mpc.gencost = [ 1 0 0 3 0 0 10 100 20 300; 2 0 0 2 5 0 0 0 0 0 ];
mpc.dcline = [ 1 2 1 10 9 0 0 1 1 0 100 -5 5 -5 5 0.5 0.05 ];
mpc.bus_name = { 'North'; 'South''s end'; "third" };
mpc.genfuel = {'hydro'; 'coal'};
